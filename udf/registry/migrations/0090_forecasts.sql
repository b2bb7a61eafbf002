-- What a forecast recorded: its series, its answers, and what it found in the history. The numbers are
-- finite, as in migration 0060.

create table ml.forecast_series (
    model text not null,
    version integer not null,
    position integer not null,
    series text not null,
    algorithm text not null,
    reason text,
    periods integer not null,
    filled integer not null,
    fill text,
    zeros double precision not null check (abs(zeros) < 'Infinity'),
    first_at timestamptz not null,
    last_at timestamptz not null,
    mase double precision check (abs(mase) < 'Infinity'),
    wape double precision check (abs(wape) < 'Infinity'),
    coverage double precision check (abs(coverage) < 'Infinity'),
    baseline_mase double precision check (abs(baseline_mase) < 'Infinity'),
    baseline_wape double precision check (abs(baseline_wape) < 'Infinity'),
    -- Not the name: a text of megabytes is one too, and no index would take it.
    primary key (model, version, position),
    foreign key (model, version) references ml.model_versions on delete cascade
);

create table ml.forecasts (
    model text not null,
    version integer not null,
    position integer not null,
    series text not null,
    part text not null check (part in ('test', 'future')),
    step integer not null,
    at timestamptz not null,
    forecast double precision check (abs(forecast) < 'Infinity'),
    lower double precision check (abs(lower) < 'Infinity'),
    upper double precision check (abs(upper) < 'Infinity'),
    baseline double precision check (abs(baseline) < 'Infinity'),
    actual double precision check (abs(actual) < 'Infinity'),
    primary key (model, version, position, part, step),
    foreign key (model, version) references ml.model_versions on delete cascade
);

create table ml.forecast_history (
    model text not null,
    version integer not null,
    position integer not null,
    series text not null,
    at timestamptz not null,
    actual double precision not null check (abs(actual) < 'Infinity'),
    is_filled boolean not null,
    trend double precision check (abs(trend) < 'Infinity'),
    seasonal double precision check (abs(seasonal) < 'Infinity'),
    remainder double precision check (abs(remainder) < 'Infinity'),
    finding text check (finding in ('anomaly', 'level shift')),
    primary key (model, version, position, at),
    foreign key (model, version) references ml.model_versions on delete cascade
);
