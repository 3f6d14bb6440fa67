"""The desk's read models: one module a page. Every one starts from the open tenant scope."""
