"""The database has the last word on the audit trail: entries are added, never changed or deleted.

One change is let through, so that a person can be erased: `by_id` becomes NULL, and `by_text` with it may become "".
TRUNCATE on PostgreSQL is not a row's deletion; only the owner of the table can do it, and tests are emptied by it.

SQLite forgets its triggers when Django rebuilds a table: a later migration that changes this table ends with
`RunPython(protect, free)` of this module again.
"""

from django.db import migrations

SQL = {
    "postgresql": {
        "protect": [
            """
            CREATE FUNCTION accounts_auditentry_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF TG_OP = 'UPDATE' AND NEW.by_id IS NULL AND NEW.by_text IN (OLD.by_text, '')
                    AND to_jsonb(NEW) - 'by_id' - 'by_text' = to_jsonb(OLD) - 'by_id' - 'by_text'
                THEN
                    RETURN NEW;
                END IF;
                RAISE EXCEPTION 'The audit trail is append-only.' USING ERRCODE = 'integrity_constraint_violation';
            END
            $$
            """,
            """
            CREATE TRIGGER accounts_auditentry_append_only BEFORE UPDATE OR DELETE ON accounts_auditentry
            FOR EACH ROW EXECUTE FUNCTION accounts_auditentry_append_only()
            """,
        ],
        "free": [
            "DROP TRIGGER accounts_auditentry_append_only ON accounts_auditentry",
            "DROP FUNCTION accounts_auditentry_append_only()",
        ],
    },
    "sqlite": {
        "protect": [
            """
            CREATE TRIGGER accounts_auditentry_no_update BEFORE UPDATE ON accounts_auditentry
            WHEN NOT (
                NEW.by_id IS NULL AND NEW.by_text IN (OLD.by_text, '')
                AND NEW.id IS OLD.id AND NEW.at IS OLD.at AND NEW.action IS OLD.action AND NEW.subject IS OLD.subject
                AND NEW.details IS OLD.details AND NEW.address IS OLD.address AND NEW.agent IS OLD.agent
                AND NEW.request_id IS OLD.request_id
            )
            BEGIN SELECT RAISE(ABORT, 'The audit trail is append-only.'); END
            """,
            """
            CREATE TRIGGER accounts_auditentry_no_delete BEFORE DELETE ON accounts_auditentry
            BEGIN SELECT RAISE(ABORT, 'The audit trail is append-only.'); END
            """,
            # INSERT OR REPLACE deletes without asking the trigger above.
            """
            CREATE TRIGGER accounts_auditentry_no_replace BEFORE INSERT ON accounts_auditentry
            WHEN EXISTS (SELECT 1 FROM accounts_auditentry WHERE id = NEW.id)
            BEGIN SELECT RAISE(ABORT, 'The audit trail is append-only.'); END
            """,
        ],
        "free": [
            "DROP TRIGGER accounts_auditentry_no_update",
            "DROP TRIGGER accounts_auditentry_no_delete",
            "DROP TRIGGER accounts_auditentry_no_replace",
        ],
    },
}


def protect(apps, schema_editor):
    _run("protect", schema_editor)


def free(apps, schema_editor):
    _run("free", schema_editor)


def _run(which, schema_editor):
    for statement in SQL[schema_editor.connection.vendor][which]:
        schema_editor.execute(statement, params=None)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_audit_trail")]

    operations = [migrations.RunPython(protect, free)]
