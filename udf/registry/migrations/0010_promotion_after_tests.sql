-- A version becomes champion after its tests. The status challenger becomes candidate or rejected.

alter table ml.model_versions drop constraint model_versions_status_check;
alter table ml.model_versions add column rejection jsonb;

-- A challenger that was compared with the champion had lost; any other was never to be promoted.
update ml.model_versions set
    status = case comparison ->> 'better' when 'false' then 'rejected' else 'candidate' end,
    rejection = case comparison ->> 'better' when 'false' then jsonb_build_object(
        'test', 'if_better', 'subject', metric, 'value', comparison -> 'score',
        'limit', comparison -> 'champion_score'
    ) end
where status = 'challenger';

alter table ml.model_versions add constraint model_versions_status_check
check (status in ('candidate', 'champion', 'archived', 'rejected'));

alter table ml.promotions drop constraint promotions_how_check;
alter table ml.promotions add constraint promotions_how_check
check (how in ('train', 'tests', 'promote'));

alter table ml.metrics add column higher_is_better boolean;
update ml.metrics set higher_is_better = metric not in (
    'log_loss', 'brier', 'cost', 'rmse', 'mae', 'median_absolute_error', 'mape', 'wape',
    'pinball_10', 'pinball_90', 'rmsle', 'davies_bouldin', 'reconstruction_error'
);

create table ml.test_results (
    model text not null,
    version integer not null,
    test text not null,
    definition text not null,
    status text not null default 'pending' check (status in ('pending', 'pass', 'warn', 'fail')),
    failures bigint,
    subject text,
    value text,
    "limit" text,
    tested_at timestamptz,
    primary key (model, version, test),
    foreign key (model, version) references ml.model_versions on delete cascade
);
