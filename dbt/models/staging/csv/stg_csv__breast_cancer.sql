with
    source as (select * from {{ source("csv", "breast_cancer") }}),

    renamed as (
        select
            -- ids
            id,

            -- text
            diagnosis,

            -- numbers: means over the nuclei of a tumour
            mean_radius,
            mean_texture,
            mean_perimeter,
            mean_area,
            mean_smoothness,
            mean_compactness,
            mean_concavity,
            mean_concave_points,
            mean_symmetry,
            mean_fractal_dimension,

            -- numbers: standard errors
            radius_error,
            texture_error,
            perimeter_error,
            area_error,
            smoothness_error,
            compactness_error,
            concavity_error,
            concave_points_error,
            symmetry_error,
            fractal_dimension_error,

            -- numbers: means of the three largest values
            worst_radius,
            worst_texture,
            worst_perimeter,
            worst_area,
            worst_smoothness,
            worst_compactness,
            worst_concavity,
            worst_concave_points,
            worst_symmetry,
            worst_fractal_dimension
        from source
    )

select *
from renamed
