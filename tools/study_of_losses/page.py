def write_page(docs, results):
    pass
