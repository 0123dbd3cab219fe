"""What can be wrong with a search that is well-typed all the same."""

from __future__ import annotations


class TooDeep(ValueError):
    """The page asked for lies beyond the results that can be paged through (MAX_RESULT_WINDOW)."""

    def __init__(self, page: int, window: int) -> None:
        super().__init__(f"page {page} lies beyond the first {window} results")
        self.page = page
        self.window = window


class NotOffered(ValueError):
    """A filter that this showcase doesn't offer: `category` is its code or "place"; `option` may be empty."""

    def __init__(self, category: str, option: str = "") -> None:
        super().__init__(f"this showcase offers no filter {category}{f'={option}' if option else ''}")
        self.category = category
        self.option = option
