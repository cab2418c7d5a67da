"""Who may do what: the policy file, the guard that decides, and who is behind an account."""
