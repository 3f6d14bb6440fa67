"""Value-added centres: one package each, behind ``guitai.invoicing.ports.Centre``."""
