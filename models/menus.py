"""The headings of the main menu, in their order."""

from app.declare import Menu, _l

CONSTRUCTION = Menu(_l("Construction"), icon="building-bridge-2", place=10)
TRAINING = Menu(_l("Training"), icon="school", place=20)
DOCUMENTS = Menu(_l("Documents"), icon="file-text", place=30)
REGISTRIES = Menu(_l("Registries"), icon="database", place=40)
ORGANISATION = Menu(_l("Organisation"), icon="sitemap", place=50, business=False)
ADMINISTRATION = Menu(_l("Administration"), icon="settings", place=60, business=False)
