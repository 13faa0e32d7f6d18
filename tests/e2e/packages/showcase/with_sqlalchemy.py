"""Tables, relationships, a query with a join and a transaction rolled back, in SQLite in memory."""

from sqlalchemy import ForeignKey, create_engine, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship


class Base(DeclarativeBase):
    pass


class Author(Base):
    __tablename__ = "author"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    books: Mapped[list["Book"]] = relationship(back_populates="author", order_by="Book.year")


class Book(Base):
    __tablename__ = "book"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    year: Mapped[int | None]
    author_id: Mapped[int] = mapped_column(ForeignKey("author.id"))
    author: Mapped[Author] = relationship(back_populates="books")


def facts():
    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add(Author(name="Lem", books=[Book(title="Solaris", year=1961), Book(title="Eden", year=1958)]))
        session.add(Author(name="Čapek", books=[Book(title="R.U.R.", year=1920)]))
        session.commit()
        count = select(Author.name, func.count()).join(Author.books).group_by(Author.name).order_by(Author.name)
        session.add(Author(name="Lem"))
        try:
            session.commit()
        except IntegrityError as error:
            session.rollback()
            refused = str(error.orig)
        return {
            "tables": sorted(Base.metadata.tables),
            "counts": [list(row) for row in session.execute(count)],
            "books": [book.title for book in session.scalar(select(Author).filter_by(name="Lem")).books],
            "author": session.scalar(select(Book).where(Book.year < 1950)).author.name,
            "refused": refused,
            "query": str(select(Book.title).where(Book.year > 1950)).split(),
        }
