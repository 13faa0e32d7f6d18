"""The second."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "bbb", "aaa"


def upgrade():
    op.create_table("second", sa.Column("id", sa.Integer, primary_key=True))


def downgrade():
    op.drop_table("second")
