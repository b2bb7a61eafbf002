-- What the simulator keeps for itself, apart from the shop: where it stands, and the truth that no
-- model may see. Run as the role that owns it; running it again changes nothing.

create schema if not exists simulation;
comment on schema simulation is 'Behind the simulated shop: its state, and the truth to measure models against';

create table if not exists simulation.run (
    -- One row at most.
    single boolean primary key default true check (single),
    seed bigint not null,
    size bigint not null,
    -- The rules it was made by; others would not go on where these stopped.
    law text not null,
    today date not null
);
comment on table simulation.run is 'The simulated shop as it stands: seed, size in order lines, rules, the last day that has passed';

create table if not exists simulation.checkpoint (
    day date primary key,
    state bytea not null
);
comment on table simulation.checkpoint is 'Everything the simulator remembers of its customers at the end of a day (numpy, not pickled)';

create table if not exists simulation.churn (
    as_of date not null,
    customer_id bigint not null,
    probability double precision not null check (probability between 0 and 1),
    primary key (as_of, customer_id)
);
comment on table simulation.churn is 'The true probability that a customer who has bought by the end of as_of buys nothing in the 90 days after it';
