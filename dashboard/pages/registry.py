"""All pages, in the order in which the menu shows them."""

from __future__ import annotations

from dashboard.pages import boxes, manifests
from dashboard.pages.page import Page

PAGES: tuple[Page, ...] = (manifests.PAGE, boxes.PAGE)
BY_NAME = {page.name: page for page in PAGES}
