"""Where places are: cities and regions of a data package, and postal areas that a company loads."""

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class GeoPointRow(Base):
    """A city by one of its names, or with an empty `name` a region, or with both empty a whole country.

    `name` and `region` are in lower case; a region is written as its code and, where known, by its name. `source` names
    the package and its version. Degrees, WGS 84.
    """

    __tablename__ = "geo_points"

    country: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    region: Mapped[str] = mapped_column(primary_key=True)
    latitude: Mapped[float]
    longitude: Mapped[float]
    population: Mapped[int]
    source: Mapped[str]


class PostalAreaRow(Base):
    """The middle of all postal codes of a country that begin with `prefix`, in capitals without blanks and dashes."""

    __tablename__ = "postal_areas"

    country: Mapped[str] = mapped_column(primary_key=True)
    prefix: Mapped[str] = mapped_column(primary_key=True)
    latitude: Mapped[float]
    longitude: Mapped[float]

    __table_args__ = (
        CheckConstraint("prefix <> ''", "prefix"),
        CheckConstraint("latitude BETWEEN -90 AND 90", "latitude"),
        CheckConstraint("longitude BETWEEN -180 AND 180", "longitude"),
    )
