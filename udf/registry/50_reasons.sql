-- How a version comes to its answers, and where it errs.

create table if not exists ml.coefficients (
    model text not null,
    version integer not null,
    class text not null default '',
    term text not null,
    feature text,
    estimate double precision not null,
    standard_error double precision,
    z double precision,
    p double precision,
    odds_ratio double precision,
    lower double precision,
    upper double precision,
    standardised double precision,
    rank integer not null,
    -- Not the term: a text of megabytes is one too, and no index would take it.
    primary key (model, version, class, rank),
    foreign key (model, version) references ml.model_versions on delete cascade
);

comment on table ml.coefficients is 'The terms of a linear model with their standard errors; other models have none. Estimates are in the unit of the data: what one more unit of a number, or a category instead of none, adds to the answer (classification: to the log-odds). Errors come from the observed information of the training rows, the penalty included: with a penalty the estimates are drawn towards zero, and p and interval are about the penalised estimate. With options.target_transform the answer is log(1 + target); with options.calibration the log-odds are those before the calibration';
comment on column ml.coefficients.model is 'Name of the model';
comment on column ml.coefficients.version is 'Version of the model';
comment on column ml.coefficients.class is 'Class the coefficients are about: the positive class, or each class; empty for a regression';
comment on column ml.coefficients.term is 'What is weighed: a number by its name, a category as column = value, a missing value as column is missing, a column of very many categories as column (mean): the mean of the answers to the rows of each; (intercept)';
comment on column ml.coefficients.feature is 'Column the term was made of; NULL for the intercept';
comment on column ml.coefficients.estimate is 'The coefficient';
comment on column ml.coefficients.standard_error is 'Its standard error; NULL where the algorithm has no formula for it';
comment on column ml.coefficients.z is 'Estimate by standard error';
comment on column ml.coefficients.p is 'How often chance alone gives a z as far from 0, both sides, by the normal distribution';
comment on column ml.coefficients.odds_ratio is 'exp(estimate): what one more unit multiplies the odds by; NULL unless logistic';
comment on column ml.coefficients.lower is 'Lower end of the 95 % interval of the estimate (estimate - 1.96 standard errors)';
comment on column ml.coefficients.upper is 'Upper end of the 95 % interval of the estimate (estimate + 1.96 standard errors)';
comment on column ml.coefficients.standardised is 'Estimate times the standard deviation of the term in the training rows: comparable from term to term; NULL for the intercept';
comment on column ml.coefficients.rank is '1 = the term with the largest standardised estimate, either way; the intercept comes last';

create table if not exists ml.partial_dependence (
    model text not null,
    version integer not null,
    feature text not null,
    class text not null default '',
    position integer not null,
    kind text not null check (kind in ('number', 'category')),
    x double precision,
    category text,
    mean double precision not null,
    lower double precision,
    median double precision,
    upper double precision,
    n bigint not null,
    primary key (model, version, feature, class, position),
    foreign key (model, version) references ml.model_versions on delete cascade
);

comment on table ml.partial_dependence is 'What the model answers on average when one feature is set to a value in a sample of rows and all else stays: partial dependence, with quantiles of the single rows (ICE)';
comment on column ml.partial_dependence.model is 'Name of the model';
comment on column ml.partial_dependence.version is 'Version of the model';
comment on column ml.partial_dependence.feature is 'Feature that is set';
comment on column ml.partial_dependence.class is 'Class the probability is about: the positive class, or each class; empty for a regression';
comment on column ml.partial_dependence.position is 'Order of the values, from 1';
comment on column ml.partial_dependence.kind is 'number: x is a quantile of the feature (times in days since 1970-01-01); category: one of its most frequent values';
comment on column ml.partial_dependence.x is 'Value the feature is set to; NULL for a category';
comment on column ml.partial_dependence.category is 'Category or boolean the feature is set to; NULL for a number';
comment on column ml.partial_dependence.mean is 'Mean answer of the rows: probability of the class, or the predicted number';
comment on column ml.partial_dependence.lower is 'What a tenth of the rows answer less than';
comment on column ml.partial_dependence.median is 'What half of the rows answer less than';
comment on column ml.partial_dependence.upper is 'What a tenth of the rows answer more than';
comment on column ml.partial_dependence.n is 'Rows in the sample';

create table if not exists ml.correlations (
    model text not null,
    version integer not null,
    feature text not null,
    other text not null,
    method text not null check (method in ('pearson', 'spearman', 'cramers_v', 'correlation_ratio')),
    value double precision,
    n bigint not null,
    primary key (model, version, feature, other, method),
    foreign key (model, version) references ml.model_versions on delete cascade
);

comment on table ml.correlations is 'How far two columns go together in the training rows: each pair of features once, and each feature with the target';
comment on column ml.correlations.model is 'Name of the model';
comment on column ml.correlations.version is 'Version of the model';
comment on column ml.correlations.feature is 'Name of the feature';
comment on column ml.correlations.other is 'Another feature that stands after it, or the target';
comment on column ml.correlations.method is 'pearson: along a straight line; spearman: in rank; both from -1 to 1, for two numbers. cramers_v: two categories; correlation_ratio: a category and a number; both from 0 to 1';
comment on column ml.correlations.value is 'The measure; NULL where one of the two does not vary';
comment on column ml.correlations.n is 'Rows in which both are known';

create table if not exists ml.residuals (
    model text not null,
    version integer not null,
    position integer not null,
    key text,
    segment text,
    at timestamptz,
    actual double precision not null,
    predicted double precision not null,
    primary key (model, version, position),
    foreign key (model, version) references ml.model_versions on delete cascade
);

comment on table ml.residuals is 'What test rows of a regression had and what the model said: all of them, or a sample of 2,000 drawn with the seed of the training';
comment on column ml.residuals.model is 'Name of the model';
comment on column ml.residuals.version is 'Version of the model';
comment on column ml.residuals.position is 'Order of the rows, from 1: by time where the split is by time';
comment on column ml.residuals.key is 'Key of the row, where the model has one';
comment on column ml.residuals.segment is 'Segment of the row by the first of options.segments; NULL without it';
comment on column ml.residuals.at is 'Moment of the row, where the split is by a date or a timestamp';
comment on column ml.residuals.actual is 'Number the row has';
comment on column ml.residuals.predicted is 'Number the model gave it';
