<?php

declare(strict_types=1);

namespace Arcana\Admin;

use Arcana\Content\BotToken;
use Arcana\Content\ProviderKeys;

/** Which secrets were sealed with a key that the backend does not have any more. */
final class TokenKeys
{
    /**
     * @param list<string> $accepted Ids of the keys that the backend opens.
     * @return list<int> Projects whose token, or keys of a payment provider, have to be entered again.
     */
    public static function lost(array $accepted): array
    {
        global $wpdb;
        $rows = $wpdb->get_results($wpdb->prepare(
            "SELECT m.post_id, m.meta_value FROM {$wpdb->postmeta} m JOIN {$wpdb->posts} p ON p.ID = m.post_id
            WHERE m.meta_key IN (%s, %s, %s) AND p.post_type = 'product' AND p.post_status <> 'trash'",
            BotToken::META,
            ...array_map(ProviderKeys::meta(...), ProviderKeys::PROVIDERS)
        ));
        $lost = [];
        foreach ($rows as $row) {
            $bot = maybe_unserialize($row->meta_value);
            if (is_array($bot) && !in_array($bot['key_id'] ?? '', $accepted, true)) {
                $lost[] = (int) $row->post_id;
            }
        }
        return array_values(array_unique($lost));
    }
}
