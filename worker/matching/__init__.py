"""Who is who: the people and firms of Kommo beside those of the ERP, matched by what they are known by.

    parties.py   rows of the mirror become parties with facts (facts.py)
    marks.py     up to which change that is done
    pairs.py     parties that share facts are judged (judging.py), and the pairs written
    sales.py     which sale a won deal became
    titles.py    which receivable is of which sale
    paths.py     where leads came from, and the stages that they have been in
    work.py      all of it, for every business that has the two systems, until nothing is left

Rules and tables: docs/matching.md.
"""
