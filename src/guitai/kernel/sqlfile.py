"""SQL that lives in files: hot statements are functions in the database, loaded by migrations.

``run_sql(__file__, "take_number.sql")`` gives the migration operation. Files are idempotent
(``CREATE OR REPLACE FUNCTION``), so a later migration can load a newer text of the same file.
"""

from pathlib import Path

from django.db import migrations


def run_sql(migration_file: str, name: str) -> migrations.RunSQL:
    """Loads ``<room>/sql/<name>`` where ``migration_file`` is ``<room>/migrations/…``."""
    path = Path(migration_file).resolve().parent.parent / "sql" / name
    return migrations.RunSQL(path.read_text(encoding="utf-8"), migrations.RunSQL.noop)
