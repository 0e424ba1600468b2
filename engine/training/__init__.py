"""How the pocket models are trained from the diorama: every shipped weight has its script and its log here."""
