def routes(account):
    return []
