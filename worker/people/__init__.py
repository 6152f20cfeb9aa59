"""People's data (LGPD): what is held on a person, what is scrubbed when they ask for it, and what stays so."""
