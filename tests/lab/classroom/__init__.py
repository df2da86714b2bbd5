"""A class: many untrusted submissions, sandboxed, judged and written down."""
