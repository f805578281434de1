"""stub"""
def new() -> None:
    """x"""
