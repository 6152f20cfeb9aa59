"""What more than one process must agree on: settings, tables, resources, the inbox, runs, the queue."""

from shared import interpreter

interpreter.start()
