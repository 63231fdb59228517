#!/bin/sh
# Runs once, when the volume is empty: makes the roles and databases of Baton and of Temporal.
set -eu
secret() { cat "/run/secrets/$1"; }

psql --set=ON_ERROR_STOP=1 --username="$POSTGRES_USER" --dbname=postgres \
    --set=owner_password="$(secret DATABASE_OWNER_PASSWORD)" --set=baton_password="$(secret DATABASE_PASSWORD)" \
    --set=temporal_password="$(secret TEMPORAL_DATABASE_PASSWORD)" <<'SQL'
CREATE ROLE baton_owner LOGIN PASSWORD :'owner_password';
CREATE ROLE baton LOGIN PASSWORD :'baton_password';
CREATE ROLE temporal LOGIN PASSWORD :'temporal_password';
CREATE DATABASE baton OWNER baton_owner;
CREATE DATABASE temporal OWNER temporal;
CREATE DATABASE temporal_visibility OWNER temporal;
SQL
