"""The book: notes and programs side by side, for any browser.

    markdown   a page's text as blocks, each with its line number
    inline     the text of a block as spans: code, links, emphasis
    highlight  C as HTML
    ties       which lines of which source a passage talks about
    sources    a source as HTML: numbered, compared with the one before
    ladders    the ladders that `make wires` and `make matrix` keep for it
    notes      the blocks of a page as HTML
    pages      all of it woven together: book.html and cells.html

book.css and book.js are part of both pages. Nothing is fetched or stored.
"""
