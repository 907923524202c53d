"""Who may do what: accounts, tokens, sessions, the policy, and the guard in front of every route."""
