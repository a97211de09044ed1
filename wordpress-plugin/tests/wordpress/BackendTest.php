<?php

declare(strict_types=1);

namespace Arcana\Tests;

use Arcana\Backend\BackendError;
use Arcana\Backend\Client;
use Arcana\Backend\Notices;
use Arcana\Backend\Pairer;
use Arcana\Backend\Pairing;
use Arcana\Backend\SealedBox;
use Arcana\Backend\Signature;
use Arcana\Content\BotToken;

final class BackendTest extends StoreCase
{
    private const TOKEN = '700100200:SANDBOX_token_of_a_bot_that_does_not_exist';

    public function testSignaturesAreThoseThatTheBackendComputes(): void
    {
        $file = dirname(__DIR__, 3) . '/tests/fixtures/signature_vectors.json';
        $vectors = json_decode((string) file_get_contents($file), true, 512, JSON_THROW_ON_ERROR)['vectors'];
        self::assertGreaterThanOrEqual(3, count($vectors));
        foreach ($vectors as $vector) {
            $secret = (string) base64_decode($vector['secret'], true);
            $computed = Signature::compute($secret, $vector['method'], $vector['path'], $vector['timestamp'], $vector['nonce'], $vector['body']);
            self::assertSame($vector['signature'], 'v1=' . $computed);
        }
    }

    public function testRequestCarriesASignatureOverWhatIsSent(): void
    {
        [$pairing] = $this->pair();
        (new Client($pairing))->request('POST', '/api/v1/wordpress/notices', ['version' => 'ü/1']);
        $sent = $this->sent[0];
        self::assertSame('http://backend.test/api/v1/wordpress/notices', $sent['url']);
        self::assertSame('{"version":"ü/1"}', $sent['body']);
        self::assertEqualsWithDelta(time(), (int) $sent['headers']['X-Arcana-Timestamp'], 2);
        self::assertMatchesRegularExpression('/^[0-9a-f]{32}$/', $sent['headers']['X-Arcana-Nonce']);
        $expected = Signature::compute($pairing->secretBytes(), 'POST', '/api/v1/wordpress/notices', $sent['headers']['X-Arcana-Timestamp'], $sent['headers']['X-Arcana-Nonce'], $sent['body']);
        self::assertSame("v1=$expected", $sent['headers']['X-Arcana-Signature']);
    }

    public function testRefusalIsToldInTheBackendsWords(): void
    {
        [$pairing] = $this->pair();
        $this->backend = static fn (): array => ['response' => ['code' => 410, 'message' => ''], 'headers' => [], 'body' => '{"error":"pairing_expired","detail":"The pairing string is too old."}', 'cookies' => [], 'filename' => null];
        try {
            (new Client($pairing))->request('GET', '/api/v1/wordpress/keys');
            self::fail('A refusal is an error.');
        } catch (BackendError $error) {
            self::assertSame(410, $error->status);
            self::assertStringContainsString('The pairing string is too old.', $error->getMessage());
        }
    }

    public function testSealedBoxOpensWithThePrivateKeyOnly(): void
    {
        $pair = sodium_crypto_box_keypair();
        $sealed = SealedBox::sealJson(['token' => 'тайна'], base64_encode(sodium_crypto_box_publickey($pair)));
        self::assertStringNotContainsString('тайна', (string) base64_decode($sealed, true));
        self::assertSame('{"token":"тайна"}', sodium_crypto_box_seal_open((string) base64_decode($sealed, true), $pair));
        self::assertFalse(sodium_crypto_box_seal_open((string) base64_decode($sealed, true), sodium_crypto_box_keypair()));
    }

    public function testPairingStringIsRead(): void
    {
        $data = ['address' => 'https://arcana.example/', 'store' => 'store-9', 'secret' => base64_encode(str_repeat('s', 32)), 'key' => ['id' => 'k7', 'public' => base64_encode(str_repeat('p', 32))]];
        $text = 'arcana1.' . rtrim(strtr(base64_encode((string) json_encode($data)), '+/', '-_'), '=');
        $pairing = Pairing::parse(" \n" . chunk_split($text, 40));
        self::assertSame(['https://arcana.example', 'store-9', 'k7'], [$pairing->address, $pairing->store, $pairing->key_id]);
        self::assertSame(str_repeat('s', 32), $pairing->secretBytes());
    }

    /** @dataProvider brokenStrings */
    public function testBrokenPairingStringIsRefused(string $text): void
    {
        $this->expectException(BackendError::class);
        Pairing::parse($text);
    }

    /** @return array<string, array{string}> */
    public static function brokenStrings(): array
    {
        $encode = static fn (array $data): string => 'arcana1.' . base64_encode((string) json_encode($data));
        $whole = ['address' => 'https://a.example', 'store' => 's', 'secret' => base64_encode(str_repeat('s', 32)), 'key' => ['id' => 'k', 'public' => base64_encode(str_repeat('p', 32))]];
        return [
            'empty' => [''], 'other prefix' => ['arcana9.abc'], 'no JSON' => ['arcana1.' . base64_encode('nothing')],
            'short secret' => [$encode(['secret' => base64_encode('short')] + $whole)], 'no key' => [$encode(array_diff_key($whole, ['key' => 1]))],
            'list as key' => [$encode(['key' => 'k'] + $whole)], 'strange address' => [$encode(['address' => 'javascript:alert(1)'] + $whole)],
        ];
    }

    public function testTokenIsSealedAndNeverKeptInClear(): void
    {
        global $wpdb;
        [, $pair] = $this->pair();
        $id = $this->project('luna');
        BotToken::save($id, ' ' . self::TOKEN . "\n");
        $bot = BotToken::load($id);
        self::assertNotNull($bot);
        self::assertSame('700100200', $bot['id']);
        self::assertSame('700100200:••••••••xist', $bot['mask']);
        $opened = json_decode((string) sodium_crypto_box_seal_open((string) base64_decode($bot['sealed'], true), $pair), true);
        self::assertSame(['project' => $this->key($id), 'key_id' => 'k1', 'token' => self::TOKEN], $opened);
        $stored = implode(' ', [...$wpdb->get_col("SELECT meta_value FROM {$wpdb->postmeta}"), ...$wpdb->get_col("SELECT option_value FROM {$wpdb->options}")]);
        self::assertStringNotContainsString('SANDBOX_token', $stored);
        $in_document = $this->document()['projects'][0]['bot'];
        self::assertSame(['id' => 700100200, 'key_id' => 'k1', 'sealed_token' => $bot['sealed'], 'username' => null], $in_document);
    }

    public function testTokenNeedsAPairingAndTheRightForm(): void
    {
        $id = $this->project('luna');
        foreach (['not a token', self::TOKEN] as $token) {
            try {
                BotToken::save($id, $token);
                self::fail("“$token” was taken.");
            } catch (BackendError $error) {
                self::assertNotSame('', $error->getMessage());
            }
        }
        self::assertNull(BotToken::load($id));
    }

    public function testOneBotServesOneProject(): void
    {
        $this->pair();
        $first = $this->project('luna');
        $second = $this->project('verbena');
        BotToken::save($first, self::TOKEN);
        try {
            BotToken::save($second, '700100200:SANDBOX_another_token_of_the_same_bot');
            self::fail('The same bot was taken twice.');
        } catch (BackendError $error) {
            self::assertStringContainsString('Luna', $error->getMessage());
        }
        self::assertNull(BotToken::load($second));
        wp_trash_post($first);
        BotToken::save($second, self::TOKEN);
        self::assertNotNull(BotToken::load($second), 'a project in the trash does not keep its bot from others');
    }

    public function testBlobOfAnotherProjectIsWorthless(): void
    {
        $this->pair();
        $first = $this->project('luna');
        $second = $this->project('verbena');
        BotToken::save($first, self::TOKEN);
        update_post_meta($second, BotToken::META, get_post_meta($first, BotToken::META, true));
        self::assertNull(BotToken::load($second));
        self::assertNull($this->document()['projects'][1]['bot']['sealed_token']);
    }

    public function testNewSealingKeyIsTakenOver(): void
    {
        $this->pair();
        $new = sodium_crypto_box_keypair();
        $answer = ['current' => ['id' => 'k2', 'public' => base64_encode(sodium_crypto_box_publickey($new))], 'accepted' => ['k1']];
        $this->backend = static fn (): array => ['response' => ['code' => 200, 'message' => ''], 'headers' => [], 'body' => json_encode($answer), 'cookies' => [], 'filename' => null];
        $id = $this->project('luna');
        BotToken::save($id, self::TOKEN);
        self::assertSame('k2', BotToken::load($id)['key_id']);
        self::assertSame('k2', Pairing::load()->key_id);
        self::assertSame(['k1', 'k2'], Pairer::refreshKeys(Pairing::load())['accepted']);
    }

    public function testNoticeGoesOnceForAVersion(): void
    {
        Notices::announce('v1');
        self::assertSame([], $this->sent, 'an unpaired store tells nobody');
        $this->pair();
        Notices::announce('v1');
        Notices::announce('v1');
        Notices::announce('v2');
        self::assertSame(['{"version":"v1"}', '{"version":"v2"}'], array_column($this->sent, 'body'));
        self::assertTrue(Notices::last()['ok']);
    }

    public function testFailedNoticeIsRememberedAndSentAgain(): void
    {
        $this->pair();
        $this->backend = static fn (): \WP_Error => new \WP_Error('http_request_failed', 'Connection refused');
        Notices::announce('v1');
        self::assertFalse(Notices::last()['ok']);
        self::assertStringContainsString('Connection refused', Notices::last()['error']);
        Notices::announce('v1');
        self::assertCount(2, $this->sent, 'a version that nobody heard of is worth telling again');
    }
}
