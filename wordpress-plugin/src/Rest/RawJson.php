<?php

declare(strict_types=1);

namespace Arcana\Rest;

/** A response whose JSON is finished already, so that WordPress does not take it apart and put it together again. */
final class RawJson extends \WP_REST_Response
{
    public string $body = '';

    /** @param array<string, string> $headers */
    public static function of(string $body, array $headers): self
    {
        $response = new self(null, 200, $headers);
        $response->body = $body;
        return $response;
    }

    /** What code inside WordPress (rest_do_request) gets to see. */
    public function get_data()
    {
        return json_decode($this->body, true);
    }

    public static function serve(bool $served, mixed $result, \WP_REST_Request $request, \WP_REST_Server $server): bool
    {
        if ($served || !$result instanceof self || $request->get_method() === 'HEAD') {
            return $served;
        }
        echo $result->body;
        return true;
    }
}
