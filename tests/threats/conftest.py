from webapp import app, client, people, settings, store, web_store  # noqa: F401 - fixtures
