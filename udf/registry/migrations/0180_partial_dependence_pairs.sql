-- Partial dependence of two features at once, and the number of training rows near each cell. Versions
-- recorded before have none until the model is trained again.

create table ml.partial_dependence_pairs (
    model text not null,
    version integer not null,
    class text not null default '',
    pair integer not null,
    feature text not null,
    position integer not null,
    kind text not null check (kind in ('number', 'category')),
    x double precision,
    category text,
    other text not null,
    other_position integer not null,
    other_kind text not null check (other_kind in ('number', 'category')),
    other_x double precision,
    other_category text,
    mean double precision not null,
    lower double precision,
    upper double precision,
    unchanged double precision not null,
    support bigint not null,
    n bigint not null,
    primary key (model, version, class, pair, position, other_position),
    foreign key (model, version) references ml.model_versions on delete cascade,
    constraint partial_dependence_pairs_numbers check (
        abs(x) < 'Infinity' and abs(other_x) < 'Infinity' and abs(mean) < 'Infinity'
        and abs(lower) < 'Infinity' and abs(upper) < 'Infinity' and abs(unchanged) < 'Infinity'
        and support >= 0 and n >= 0
    )
);
