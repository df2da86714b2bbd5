"""The book: notes and programs side by side, for any browser.

    markdown   a page's text as blocks, which know their lines
    ties       which lines of which source a passage talks about
    sources    a source as HTML: numbered, compared with the one before
    ladders    a ladder as a table
    notes      the blocks of a page as HTML
    pages      all of it woven together: book.html and cells.html

book.css and book.js are part of both pages. Nothing is fetched or stored.
"""
