"""gunicorn's configuration for the host: threads for slow stores, and a dashboard that is warm before anybody asks."""

worker_class = "gthread"
threads = 16


def post_worker_init(worker):
    """In each worker, after the fork: prices are read and static files packed, in the background."""
    from helix_dash import warm

    warm.begin(worker.wsgi)
