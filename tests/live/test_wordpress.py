"""The plugin on a real store: WordPress, WooCommerce and Advanced Custom Fields as they are.

The store has to hold the demo (`wp arcana import-demo`). What the tests make, they delete.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator

from app.kit import json
from tests.live.store import Store

pytestmark = pytest.mark.live

SCHEMA = Path(__file__).parents[2] / "app" / "catalogue" / "schema.json"
FIND = "$id = Arcana\\Content\\Keys::find(Arcana\\Kind::from('%s'), '%s'); if (!$id) { WP_CLI::error('no %s'); } "
SPREAD = FIND % ("spread", "three-cards", "three-cards")
PACKAGE = FIND % ("package", "luna-three", "luna-three")
PROJECT = FIND % ("project", "luna", "luna")

REVERSE_SPREADS = """
    $field = 'field_arcana_project_spreads';
    update_field($field, array_reverse(get_field($field, $id)), $id);
"""

# What is done, and how it is undone; `$id` is the object.
RELEVANT = {
    "an ACF field alone": (
        SPREAD + "update_field('field_arcana_spread_cost', 7, $id);",
        SPREAD + "update_field('field_arcana_spread_cost', 1, $id);",
    ),
    "an ACF field by its name": (
        PROJECT + "update_field('arcana_project_free_readings', 9, $id);",
        PROJECT + "update_field('arcana_project_free_readings', 5, $id);",
    ),
    "plain post meta": (
        SPREAD + "update_post_meta($id, 'arcana_spread_cards', 'major');",
        SPREAD + "update_post_meta($id, 'arcana_spread_cards', 'all');",
    ),
    "terms": (
        SPREAD + "wp_set_object_terms($id, 'simple', 'product_type');",
        SPREAD.replace(
            "if (!$id)",
            "$id = $id ?: (int) get_posts(['post_type' => 'product', 'meta_key' => '_arcana_key',"
            " 'meta_value' => 'three-cards', 'fields' => 'ids'])[0]; if (!$id)",
        )
        + "wp_set_object_terms($id, 'arcana_spread', 'product_type');",
    ),
    "status": (
        SPREAD + "wp_update_post(['ID' => $id, 'post_status' => 'draft']);",
        SPREAD + "wp_update_post(['ID' => $id, 'post_status' => 'publish']);",
    ),
    "price": (
        PACKAGE + "$p = wc_get_product($id); $p->set_regular_price('333'); $p->save();",
        PACKAGE + "$p = wc_get_product($id); $p->set_regular_price('199'); $p->save();",
    ),
    "trash and restoration": (
        SPREAD + "wp_trash_post($id);",
        SPREAD + "wp_untrash_post($id); wp_update_post(['ID' => $id, 'post_status' => 'publish']);",
    ),
    "the order of spreads": (PROJECT + REVERSE_SPREADS, PROJECT + REVERSE_SPREADS),
}
IRRELEVANT = {
    "the lock of an open editor": SPREAD
    + "wp_set_current_user(1); require_once ABSPATH . 'wp-admin/includes/post.php'; wp_set_post_lock($id);",
    "a counter of views": SPREAD + "update_post_meta($id, 'views', wp_rand());",
    "saving without a change": SPREAD
    + "wp_update_post(['ID' => $id]); wc_get_product($id)->save(); do_action('acf/save_post', $id);",
    "writing the same value": SPREAD + "update_field('field_arcana_spread_cost', 1, $id);",
    "another product": """
        $p = new WC_Product_Simple();
        $p->set_name('Mug');
        $p->set_regular_price('10');
        $p->save();
        $p->delete(true);
    """,
    "an order": "$o = wc_create_order(); $o->delete(true);",
}


@contextmanager
def done_and_undone(store: Store, action: str, reversal: str) -> Iterator[None]:
    try:
        store.php(action)
        yield
    finally:
        store.php(reversal)


def by_key(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {row["key"]: row for row in rows}


class TestCatalogue:
    def test_document_is_as_its_schema_says(self, store: Store) -> None:
        document = store.catalogue()
        faults = Draft202012Validator(json.loads(SCHEMA.read_bytes())).iter_errors(document)
        assert [(fault.instance_path, fault.message) for fault in faults] == []
        assert {"luna", "verbena"} <= by_key(document["projects"]).keys()
        assert len(by_key(document["decks"])["rider"]["cards"]) == 78

    def test_known_version_is_304_without_a_body(self, store: Store) -> None:
        first = store.request("GET", "wc-arcana/v1/catalogue")
        again = store.request("GET", "wc-arcana/v1/catalogue", If_None_Match=first.headers["ETag"])
        assert (again.status_code, again.content) == (304, b"")
        assert first.headers["Cache-Control"] == again.headers["Cache-Control"] == "private, no-cache"
        other = store.request("GET", "wc-arcana/v1/catalogue", If_None_Match='"other"')
        assert other.status_code == 200

    def test_version_is_the_hash_of_the_content(self, store: Store) -> None:
        document = store.catalogue()
        version = document.pop("version")
        assert json.digest(document) == version

    @pytest.mark.parametrize("route", ["catalogue", "status"])
    def test_nobody_reads_without_a_key(self, store: Store, route: str) -> None:
        assert store.anonymous(f"wc-arcana/v1/{route}").status_code == 401
        wrong = Store(store.url, "ck_" + "0" * 40, store.secret, None, store.http)
        assert wrong.request("GET", f"wc-arcana/v1/{route}").status_code == 401
        wrong = Store(store.url, store.key, "cs_" + "0" * 40, None, store.http)
        etag = f'"{store.version()}"'
        assert wrong.request("GET", f"wc-arcana/v1/{route}", If_None_Match=etag).status_code == 401

    def test_status(self, store: Store) -> None:
        status = store.request("GET", "wc-arcana/v1/status").json()
        assert set(status) == {"plugin", "wordpress", "woocommerce", "acf", "php", "hpos", "version"}
        assert status["version"] == store.version()


class TestVersion:
    @pytest.mark.parametrize("change", RELEVANT)
    def test_moves_and_comes_back(self, php: Store, change: str) -> None:
        before = php.version()
        with done_and_undone(php, *RELEVANT[change]):
            assert php.version() != before
        assert php.version() == before

    @pytest.mark.parametrize("change", IRRELEVANT)
    def test_stays(self, php: Store, change: str) -> None:
        before = php.version()
        php.php(IRRELEVANT[change])
        assert php.version() == before

    def test_moves_without_any_hook(self, php: Store) -> None:
        before = php.version()
        update = (
            "global $wpdb; $wpdb->update($wpdb->postmeta, ['meta_value' => '%s'],"
            " ['post_id' => $id, 'meta_key' => '_regular_price']);"
        )
        with done_and_undone(php, PACKAGE + update % "555", PACKAGE + update % "199"):
            assert php.version() != before
            assert by_key(php.catalogue()["packages"])["luna-three"]["price"]["amount"] == 55500
        assert php.version() == before

    def test_sale_begins_although_cron_never_runs(self, php: Store) -> None:
        sale = (
            "$p = wc_get_product($id); $p->set_sale_price('99');"
            " $p->set_date_on_sale_from(time() - %d); $p->set_date_on_sale_to(time() + 3600); $p->save();"
        )
        over = """
            $p = wc_get_product($id);
            $p->set_sale_price('');
            $p->set_date_on_sale_from('');
            $p->set_date_on_sale_to('');
            $p->save();
        """
        with done_and_undone(php, PACKAGE + sale % 60, PACKAGE + over):
            price = by_key(php.catalogue()["packages"])["luna-three"]["price"]
            assert (price["amount"], price["regular"]) == (9900, 19900)

    def test_import_of_the_demo_again_changes_nothing(self, php: Store) -> None:
        demo = Path(__file__).parents[2] / "app" / "catalogue" / "demo"
        count = (
            "foreach (['product', 'arcana_card', 'attachment'] as $type)"
            " { echo array_sum((array) wp_count_posts($type)), ' '; }"
        )
        # The demo of this checkout may be newer than what the store holds.
        php.php(f"WP_CLI::runcommand('arcana import-demo {demo}');")
        before, counts = php.version(), php.php(count)
        printed = php.php(f"WP_CLI::runcommand('arcana import-demo {demo}');")
        assert f"0 created, 0 updated. Version {before}" in printed
        assert (php.version(), php.php(count)) == (before, counts)


COPY = """
    update_post_meta($id, '_arcana_bot', [
        'id' => '1', 'mask' => 'm', 'sealed' => 'AAAA', 'key_id' => 'k', 'project' => 'luna',
    ]);
    require_once WC_ABSPATH . 'includes/admin/class-wc-admin-duplicate-product.php';
    $copy = (new WC_Admin_Duplicate_Product())->product_duplicate(wc_get_product($id));
    $meta = fn (string $name) => get_post_meta($copy->get_id(), $name, true);
    echo $meta('_arcana_key'), '|', $meta('arcana_project_slug'), '|', json_encode($meta('_arcana_bot')), '|';
    echo $meta('arcana_project_tagline_en');
    $copy->delete(true);
    delete_post_meta($id, '_arcana_bot');
"""
# Seals with a key pair of its own, then searches every row of every table.
SEAL = """
    $former = get_option('arcana_pairing');
    $box = sodium_crypto_box_keypair();
    $public = base64_encode(sodium_crypto_box_publickey($box));
    $secret = base64_encode(random_bytes(32));
    (new Arcana\\Backend\\Pairing('http://127.0.0.1:9', 'live-suite', $secret, 'live-key', $public))->save();
    Arcana\\Content\\BotToken::save($id, 'TOKEN');
    $bot = Arcana\\Content\\BotToken::load($id);
    echo $bot['mask'], '|', sodium_crypto_box_seal_open(base64_decode($bot['sealed']), $box), '|';
    global $wpdb;
    foreach ($wpdb->get_col('SHOW TABLES') as $table) {
        foreach ($wpdb->get_results("SELECT * FROM `$table`", ARRAY_N) as $row) {
            if (str_contains(implode(' ', array_map('strval', $row)), 'TOKEN')) {
                echo $table;
            }
        }
    }
    Arcana\\Backend\\Pairing::forget();
    if ($former) {
        update_option('arcana_pairing', $former, false);
    }
    Arcana\\Content\\BotToken::forget($id);
"""
VISIBLE = """
    $card = get_posts(['post_type' => 'arcana_card', 'numberposts' => 1])[0];
    echo $project, '|', $id, '|', $card->ID, '|', get_post($project)->post_name;
"""


class TestIdentity:
    def test_copy_has_its_own_key_and_no_token(self, php: Store) -> None:
        printed = php.php(PROJECT + COPY)
        key, slug, bot, tagline = printed.split("|")
        assert (slug, bot) == ("", '""')
        assert len(key) == 36
        assert tagline == "Tarot by moonlight"

    def test_token_is_never_in_clear(self, php: Store) -> None:
        token = "700100277:" + "SANDBOX_live_suite_" + "x" * 20
        printed = php.php(PROJECT + SEAL.replace("TOKEN", token))
        mask, opened, tables = printed.split("|")
        assert mask == "700100277:••••••••xxxx"
        assert json.loads(opened) == {"project": "luna", "key_id": "live-key", "token": token}
        assert tables == ""

    def test_forced_delete_leaves_a_tombstone(self, php: Store) -> None:
        key = php.php(
            "$p = new Arcana\\Products\\Project(); $p->set_name('Gone'); $p->set_status('publish'); $id = $p->save();"
            "update_field('field_arcana_project_slug', 'live-suite-gone', $id); echo Arcana\\Content\\Keys::of($id);"
        )
        assert key in by_key(php.catalogue()["projects"])
        php.php(f"wp_delete_post(Arcana\\Content\\Keys::find(Arcana\\Kind::Project, '{key}'), true);")
        document = php.catalogue()
        assert key not in by_key(document["projects"])
        assert {"kind": "project", "key": key} in document["tombstones"]
        php.php(
            f"update_option('arcana_tombstones', array_values(array_diff(get_option('arcana_tombstones'), ['{key}'])));"
        )

    def test_slug_of_a_live_project_cannot_be_changed(self, php: Store) -> None:
        php.php(PROJECT + "update_field('field_arcana_project_slug', 'moon', $id);")
        assert by_key(php.catalogue()["projects"])["luna"]["slug"] == "luna"


class TestShop:
    def test_nothing_of_ours_is_public(self, php: Store) -> None:
        project, package, card, name = php.php(PROJECT + "$project = $id;" + PACKAGE + VISIBLE).split("|")
        for route in (
            f"wc/store/v1/products/{package}",
            f"wc/store/v1/products/{name}",
            f"wp/v2/product/{project}",
            f"wp/v2/arcana_card/{card}",
        ):
            assert php.anonymous(route).status_code == 404, route
        for route in (
            "wc/store/v1/products?per_page=100",
            "wp/v2/product?per_page=100",
            "wp/v2/search?search=Luna&per_page=100",
        ):
            ids = {str(row["id"]) for row in php.anonymous(route).json()}
            assert not ids & {project, package, card}, route
        pages = [
            f"/?p={project}&post_type=product",
            f"/product/{name}/",
            "/?s=Luna&post_type=product",
            "/shop/",
            "/wp-sitemap-posts-product-1.xml",
        ]
        for page in pages:
            body = php.http.get(php.url + page, follow_redirects=True).text
            assert f"/product/{name}" not in body.replace(f'content="{php.url}{page}"', ""), page
        assert php.http.get(f"{php.url}/product/{name}/", follow_redirects=True).status_code == 404

    def test_only_packages_become_order_lines(self, php: Store) -> None:
        project, package = php.php(PROJECT + "$project = $id; " + PACKAGE + "echo $project, '|', $id;").split("|")
        refused = php.request(
            "POST", "wc/v3/orders", body={"line_items": [{"product_id": int(project), "quantity": 1}]}
        )
        assert (refused.status_code, refused.json()["code"]) == (400, "arcana_not_for_sale")
        taken = php.request("POST", "wc/v3/orders", body={"line_items": [{"product_id": int(package), "quantity": 1}]})
        assert (taken.status_code, taken.json()["total"]) == (201, "199.00")
        php.php(f"wc_get_order({taken.json()['id']})->delete(true);")
        cart = php.http.post(f"{php.url}/?add-to-cart={package}", follow_redirects=True)
        assert "has been added to your cart" not in cart.text


RESTORE_REPORT = """
    $report = json_decode('FORMER', true);
    $report ? update_option('arcana_report', $report, false) : delete_option('arcana_report');
"""


class TestReport:
    def test_manager_reads_it_in_words(self, php: Store) -> None:
        former = php.php("echo json_encode(get_option('arcana_report'));")
        problem = {
            "kind": "spread",
            "key": "three-cards",
            "path": "/spreads/2/positions",
            "code": "schema",
            "detail": {"ru": "Нет позиций.", "en": "There are no positions."},
        }
        body = {"version": php.version(), "received_at": "2026-01-02T03:04:05Z", "problems": [problem]}
        try:
            assert php.request("PUT", "wc-arcana/v1/report", body=body).status_code == 200
            assert (
                php.php("echo implode(Arcana\\Backend\\Report::about(Arcana\\Kind::Spread, 'three-cards'));")
                == "There are no positions. (/spreads/2/positions)"
            )
            refused = php.request(
                "PUT", "wc-arcana/v1/report", body={**body, "problems": [{**problem, "kind": "user"}]}
            )
            assert refused.status_code == 400
        finally:
            php.php(RESTORE_REPORT.replace("FORMER", former))
