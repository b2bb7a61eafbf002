-- Applied once, before the first migration.
create schema if not exists ml;

create table ml.migrations (
    name text primary key,
    checksum text not null,
    applied_at timestamptz not null,
    applied_by text not null,
    glasshouse_version text not null
);
comment on table ml.migrations is 'Files of udf/registry that were applied to this database';
comment on column ml.migrations.name is 'Path of the file in udf/registry, without .sql';
comment on column ml.migrations.checksum is 'SHA-256 of the file when it was applied';
comment on column ml.migrations.applied_at is 'When it was applied; for functions, comments and rights the last time';
comment on column ml.migrations.applied_by is 'Database role that applied it';
comment on column ml.migrations.glasshouse_version is 'Version of the project that applied it';
