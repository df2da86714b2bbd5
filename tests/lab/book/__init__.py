"""The book: notes, code and ladders woven into pages for a browser.

    markdown   a page's text as blocks, each with its line number
    inline     the text of a block as spans: code, links, emphasis
"""
