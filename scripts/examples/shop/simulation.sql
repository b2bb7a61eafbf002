-- The state of the simulator, which is not part of the shop, and the true probabilities that no model
-- may read. Run as the owner of the schema; running it again changes nothing.

create schema if not exists simulation;
comment on schema simulation is 'State of the simulated shop, and the true probabilities to measure models against';

create table if not exists simulation.run (
    -- At most one row.
    single boolean primary key default true check (single),
    seed bigint not null,
    size bigint not null,
    -- Hash of the simulator's rules; other rules cannot continue this simulation.
    rules text not null,
    today date not null
);
comment on table simulation.run is 'The simulation: seed, size in order lines, hash of the rules, last simulated day';

-- Versions before 0.2 named the column law.
do $$ begin
    if exists (
        select from pg_attribute
        where attrelid = 'simulation.run'::regclass and attname = 'law' and not attisdropped
    ) then
        alter table simulation.run rename column law to rules;
    end if;
end $$;

create table if not exists simulation.checkpoint (
    day date primary key,
    state bytea not null
);
comment on table simulation.checkpoint is 'The state of the customers at the end of a day (numpy arrays, not pickled)';

create table if not exists simulation.churn (
    as_of date not null,
    customer_id bigint not null,
    probability double precision not null check (probability between 0 and 1),
    primary key (as_of, customer_id)
);
comment on table simulation.churn is 'The true probability that a customer who has bought by the end of as_of buys nothing in the 90 days after it';
