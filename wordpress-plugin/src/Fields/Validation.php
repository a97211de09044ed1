<?php

declare(strict_types=1);

namespace Arcana\Fields;

use Arcana\Content\Slugs;
use Arcana\Service;

/** Checks what a manager enters, in words, and keeps the slug's rules however it is written. */
final class Validation implements Service
{
    private const SLUG = 'field_arcana_project_slug';

    public function register(): void
    {
        add_filter('acf/validate_value/key=' . self::SLUG, [$this, 'slug'], 20, 2);
        add_filter('acf/update_value/key=' . self::SLUG, [$this, 'keepSlug'], 20, 2);
        add_filter('acf/validate_value/key=field_arcana_project_bot_username', [$this, 'username'], 20, 2);
        add_filter('acf/update_value/key=field_arcana_project_bot_username', static fn (mixed $value) => ltrim(trim((string) $value), '@'));
        add_filter('acf/validate_value/key=field_arcana_project_model_profile', [$this, 'profile'], 20, 2);
        add_filter('acf/validate_value/key=field_arcana_package_kind', [$this, 'amount'], 20, 2);
        add_filter('acf/validate_value/key=field_arcana_package_stars_sale', [$this, 'starsSale'], 20, 2);
    }

    /** @param bool|string $valid */
    public function slug(bool|string $valid, mixed $value): bool|string
    {
        $post_id = absint($_POST['post_ID'] ?? $_POST['post_id'] ?? 0);
        $slug = trim((string) $value);
        $fault = $valid === true ? Slugs::faultFor($post_id, $slug) : null;
        return $fault === null ? $valid : Slugs::explain($fault, $slug);
    }

    /** Once live, the slug stays, also when something writes the field that no form has checked. */
    public function keepSlug(mixed $value, mixed $post_id): mixed
    {
        $live = is_numeric($post_id) ? Slugs::live((int) $post_id) : '';
        return $live !== '' ? $live : strtolower(trim((string) $value));
    }

    public function username(bool|string $valid, mixed $value): bool|string
    {
        $name = ltrim(trim((string) $value), '@');
        if ($valid !== true || $name === '' || preg_match('/^[A-Za-z][A-Za-z0-9_]{3,31}$/D', $name) === 1) {
            return $valid;
        }
        return __('A user name has 4 to 32 Latin letters, digits and underscores.', 'arcana');
    }

    public function profile(bool|string $valid, mixed $value): bool|string
    {
        if ($valid !== true || trim((string) $value) === '' || preg_match('/^[A-Za-z0-9_.-]{1,64}$/D', trim((string) $value)) === 1) {
            return $valid;
        }
        return __('The name of a profile has only Latin letters, digits, dots, hyphens and underscores. It is never an address.', 'arcana');
    }

    /** A package has to hold something. */
    public function amount(bool|string $valid, mixed $value): bool|string
    {
        $sent = (array) ($_POST['acf'] ?? []);
        $readings = (int) ($sent['field_arcana_package_readings'] ?? 0);
        $follow_ups = (int) ($sent['field_arcana_package_follow_ups'] ?? 0);
        if ($valid === true && $value === 'readings' && $readings < 1) {
            return __('Say how many readings the package holds.', 'arcana');
        }
        if ($valid === true && $value === 'follow_ups' && $follow_ups < 1) {
            return __('Say how many follow-up questions the package holds.', 'arcana');
        }
        return $valid;
    }

    public function starsSale(bool|string $valid, mixed $value): bool|string
    {
        $stars = (int) (((array) ($_POST['acf'] ?? []))['field_arcana_package_stars'] ?? 0);
        return $valid === true && (string) $value !== '' && (int) $value >= $stars
            ? __('The sale price has to be below the price in Stars.', 'arcana') : $valid;
    }
}
