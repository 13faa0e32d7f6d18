"""The first."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "aaa", None


def upgrade():
    op.create_table("first", sa.Column("id", sa.Integer, primary_key=True))


def downgrade():
    op.drop_table("first")
