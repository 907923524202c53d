"""Personal data that belong to nobody, in the forms that a filter might miss."""

CANARIES = (
    "4111 1111 1111 1111",
    "4111-1111-1111-1111",
    "４１１１ １１１１ １１１１ １１１１",
    "41\u200b11 1111 1111 1111",
    "jane.canary@example.com",
    "GB82 WEST 1234 5698 7654 32",
    "078-05-1121",
    "+1 555 010 9988",
    "Jane Canaryvogel",
    "sk-canary0123456789abcdef",
    "postgres://canary:hunter2@db.example/x",
    "Canarystraße 7, 99084 Erfurt",
)
