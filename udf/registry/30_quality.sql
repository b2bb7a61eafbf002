-- How good a version is.

create table if not exists ml.metrics (
    model text not null,
    version integer not null,
    series text not null check (series in ('model', 'baseline')),
    split text not null check (split in ('test', 'train', 'validation')),
    fold integer,
    segment text not null default 'all',
    metric text not null,
    value double precision,
    lower double precision,
    upper double precision,
    foreign key (model, version) references ml.model_versions on delete cascade
);
-- A primary key cannot hold the NULL fold of the train and test parts.
create unique index if not exists metrics_one_value
on ml.metrics (model, version, series, split, coalesce(fold, 0), segment, metric);

alter table ml.metrics add column if not exists n bigint;

comment on table ml.metrics is 'Measures of quality, one row per number';
comment on column ml.metrics.model is 'Name of the model';
comment on column ml.metrics.version is 'Version of the model';
comment on column ml.metrics.series is 'model, or the baseline that ignores every feature';
comment on column ml.metrics.split is 'test: rows never seen in training; train: rows learned from, or a sample of 100,000 of them; validation: a fold of the cross-validation';
comment on column ml.metrics.fold is 'Number of the fold, for validation';
comment on column ml.metrics.segment is 'Part of the rows: all, or column = value for the columns named in options.segments';
comment on column ml.metrics.metric is 'Name of the measure';
comment on column ml.metrics.value is 'The measure';
comment on column ml.metrics.lower is 'Lower end of the 95 % interval on test rows: Wilson for a share of rows, else bootstrap; NULL for the groups of options.group_by, of which there may be thousands';
comment on column ml.metrics.upper is 'Upper end of the 95 % interval on test rows: Wilson for a share of rows, else bootstrap; NULL for the groups of options.group_by';

comment on column ml.metrics.n is 'Rows that were measured';

create table if not exists ml.curves (
    model text not null,
    version integer not null,
    curve text not null,
    series text not null,
    position integer not null,
    x double precision,
    y double precision,
    threshold double precision,
    lower double precision,
    upper double precision,
    n bigint,
    primary key (model, version, curve, series, position),
    foreign key (model, version) references ml.model_versions on delete cascade
);

comment on table ml.curves is 'Points of the curves drawn from the test rows; the learning curve from the folds of the training rows';
comment on column ml.curves.model is 'Name of the model';
comment on column ml.curves.version is 'Version of the model';
comment on column ml.curves.curve is 'roc, precision_recall, calibration, gain, score_distribution or threshold; learning; score_overall; for a regression predicted_actual, residual_distribution or residual_quantile (a residual is actual - predicted); for a clustering silhouette; for outliers outlier_score; for a decomposition explained_variance';
comment on column ml.curves.series is 'Class the curve is about: the positive class, or each class against the rest; each cluster; all for a regression; threshold: precision, recall, f1, flagged_share or cost; learning: training or validation; score_overall: all; outlier_score: each label or flag; explained_variance: alone for each component, together for it and those before it';
comment on column ml.curves.position is 'Order of the points, from 1';
comment on column ml.curves.x is 'roc: false positive rate; precision_recall: recall; calibration: mean predicted probability; gain: share of rows taken, best first; score_distribution: lower edge of the bin of the positive probability (with more than two classes: of the probability of the true class); predicted_actual: mean prediction of a group of equally many rows; residual_distribution: lower edge of the bin; residual_quantile: share of the rows; silhouette: share of the rows of the cluster; threshold: probability from which a row is flagged; learning: rows learned from; score_overall: lower edge of the bin of the score as ml.predict gives it; outlier_score: lower edge of the bin; explained_variance: number of the component';
comment on column ml.curves.y is 'roc: true positive rate; precision_recall: precision; calibration: observed share; gain: share of the class reached; score_distribution: share of the rows of the class; score_overall: share of the rows; predicted_actual: mean of what the rows had; residual_distribution: share of the rows; residual_quantile: the residual below which that share lies; silhouette: how much nearer such a row is to its own cluster than to the next, from -1 to 1; threshold: the measure, cost as the mean per row by options.costs; learning: the metric of the model on rows it learned from (training) or on those of the folds (validation); outlier_score: share of the rows of the label; explained_variance: share of the variance of the test rows';
comment on column ml.curves.threshold is 'Probability from which a row counts as positive at this point';
comment on column ml.curves.lower is 'calibration: lower end of the 95 % Wilson interval; predicted_actual: what a tenth of the rows stay below; learning: mean less standard deviation over the folds';
comment on column ml.curves.upper is 'calibration: upper end of the 95 % Wilson interval; predicted_actual: what a tenth of the rows exceed; learning: mean plus standard deviation over the folds';
comment on column ml.curves.n is 'Rows behind the point; threshold: rows flagged';

create table if not exists ml.confusion (
    model text not null,
    version integer not null,
    split text not null,
    threshold double precision,
    actual text not null,
    predicted text not null,
    n bigint not null,
    foreign key (model, version) references ml.model_versions on delete cascade
);
create unique index if not exists confusion_one_count
on ml.confusion (model, version, split, coalesce(threshold, -1), actual, predicted);

comment on table ml.confusion is 'Counts of actual against predicted class; every pair is present, zero or not';
comment on column ml.confusion.model is 'Name of the model';
comment on column ml.confusion.version is 'Version of the model';
comment on column ml.confusion.split is 'Part of the rows that was counted';
comment on column ml.confusion.threshold is 'Probability from which a row was called positive; NULL with more than two classes';
comment on column ml.confusion.actual is 'Class the row has';
comment on column ml.confusion.predicted is 'Class the model gave it';
comment on column ml.confusion.n is 'Rows';
