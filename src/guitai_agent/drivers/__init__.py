"""The ways to a printer: serial, USB, TCP 9100, virtual; all behind one ``Link``."""
