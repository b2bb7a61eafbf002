select
    predicted.key,
    case when predicted.scores_are_predictions then predicted.score::text else predicted.prediction end,
    predicted.score,
    case cardinality(predicted.names)
        when 2 then jsonb_build_object(
            predicted.names[1], predicted.probabilities[2 * predicted.position - 1],
            predicted.names[2], predicted.probabilities[2 * predicted.position]
        )
        else (
            select jsonb_object_agg(pair.name, pair.probability)
            from unnest(
                predicted.names,
                predicted.probabilities[
                    (predicted.position - 1) * cardinality(predicted.names) + 1
                    : predicted.position * cardinality(predicted.names)
                ]
            ) as pair (name, probability)
        )
    end
from (
    select
        unnest(batch.keys) as key,
        unnest(batch.predictions) as prediction,
        unnest(batch.scores) as score,
        generate_subscripts(batch.scores, 1) as position,
        batch.scores_are_predictions,
        batch.names,
        batch.probabilities
    from (
        select
            -- An empty string would become an empty array, and not one empty text.
            case (batches.batch).keys when '' then array['']
                else string_to_array((batches.batch).keys, (batches.batch).separator, (batches.batch).missing)
            end as keys,
            case (batches.batch).predictions when '' then array['']
                else string_to_array((batches.batch).predictions, (batches.batch).separator, (batches.batch).missing)
            end as predictions,
            (batches.batch).scores_are_predictions,
            (batches.batch).names,
            -- A batch without scores follows an error.
            case when (batches.batch).scores is null then ml.raise_failure('predict')
                else ml.numbers((batches.batch).scores, (batches.batch).raw)
            end as scores,
            ml.numbers((batches.batch).probabilities, (batches.batch).raw) as probabilities
        -- In the select list, and not after "from", the batches are streamed and not collected.
        from (select {{ function('predict_batches') }}(predict.model, predict.query, predict.version) as batch) as batches
        -- Without this they would be computed again for each row.
        offset 0
    ) as batch
) as predicted
