"""How a stage is started behind each kind of wall."""
