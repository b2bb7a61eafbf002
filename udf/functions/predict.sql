select
    answer.key,
    case when answer.spelled then answer.score::text else answer.prediction end,
    answer.score,
    case cardinality(answer.names)
        when 2 then jsonb_build_object(
            answer.names[1], answer.shares[2 * answer.place - 1],
            answer.names[2], answer.shares[2 * answer.place]
        )
        else (
            select jsonb_object_agg(pair.name, pair.share)
            from unnest(
                answer.names,
                answer.shares[
                    (answer.place - 1) * cardinality(answer.names) + 1
                    : answer.place * cardinality(answer.names)
                ]
            ) as pair (name, share)
        )
    end
from (
    select
        unnest(batch.keys) as key,
        unnest(batch.predictions) as prediction,
        unnest(batch.scores) as score,
        generate_subscripts(batch.scores, 1) as place,
        batch.spelled,
        batch.names,
        batch.shares
    from (
        select
            -- No text at all would be taken for no texts, and not for one that is empty.
            case (found.batch).keys when '' then array['']
                else string_to_array((found.batch).keys, (found.batch).separator, (found.batch).missing)
            end as keys,
            case (found.batch).predictions when '' then array['']
                else string_to_array((found.batch).predictions, (found.batch).separator, (found.batch).missing)
            end as predictions,
            (found.batch).spelled,
            (found.batch).names,
            ml.numbers((found.batch).scores, (found.batch).raw) as scores,
            ml.numbers((found.batch).shares, (found.batch).raw) as shares
        -- In the select list and not after "from", batches pass one by one and are not collected.
        from (select {{ function('predict_batches') }}(predict.model, predict.query, predict.version) as batch) as found
        -- Without this they would be computed again for each row.
        offset 0
    ) as batch
) as answer
