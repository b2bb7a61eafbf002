-- Names in stored rows follow the standard terms. The metric told_from_chance is the area under the
-- ROC curve of rows against column-wise permuted rows and is now called permutation_auc. In the
-- features of a version, alone is now univariate_score and separation is univariate_auc.

update ml.model_versions set metric = 'permutation_auc' where metric = 'told_from_chance';

update ml.model_versions
set comparison = jsonb_set(comparison, '{metric}', '"permutation_auc"')
where comparison ->> 'metric' = 'told_from_chance';

update ml.candidates set metric = 'permutation_auc' where metric = 'told_from_chance';

update ml.metrics set metric = 'permutation_auc' where metric = 'told_from_chance';

update ml.importances set metric = 'permutation_auc' where metric = 'told_from_chance';

update ml.model_versions
set features = (
    select jsonb_agg(
        (feature - 'alone' - 'separation')
        || case when feature ? 'alone'
            then jsonb_build_object('univariate_score', feature -> 'alone') else '{}' end
        || case when feature ? 'separation'
            then jsonb_build_object('univariate_auc', feature -> 'separation') else '{}' end
        order by position
    )
    from jsonb_array_elements(features) with ordinality as entries (feature, position)
)
where jsonb_typeof(features) = 'array'
    and features @? '$[*] ? (exists (@.alone) || exists (@.separation))';
