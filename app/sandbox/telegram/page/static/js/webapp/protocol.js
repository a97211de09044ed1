/**
 * What a Mini App asks of its client (core.telegram.org/api/web-events), one handler an event. `app` is the sheet:
 * emit(name, data) answers; `data` is the app's and may hold anything.
 */

import { openLink, openTelegramPath } from '../links.js';
import { actions } from '../dialogs.js';
import { h } from '../dom.js';
import { t } from '../i18n.js';
import { paySlug } from '../pay.js';
import { themeParams } from './theme.js';

const NO_INSETS = { top: 0, bottom: 0, left: 0, right: 0 };
const COLOUR = /^#[0-9a-f]{6}$/i;
const LONGEST_DATA = 4096;

/** A colour given as itself or as a key of the theme; null when it is neither. */
const colourOf = (data) =>
  COLOUR.test(data.color) ? data.color : (themeParams()[data.color_key ?? data.color] ?? null);

export const HANDLERS = {
  iframe_ready: (app) => app.emit('set_custom_style', ''),
  iframe_will_reload: (app) => app.loading(),
  web_app_ready: (app) => app.ready(),
  web_app_expand: (app) => app.sendViewport(),
  web_app_close: (app) => app.close(),

  web_app_request_theme: (app) => app.emit('theme_changed', { theme_params: themeParams() }),
  web_app_request_viewport: (app) => app.sendViewport(),
  web_app_request_safe_area: (app) => app.emit('safe_area_changed', NO_INSETS),
  web_app_request_content_safe_area: (app) => app.emit('content_safe_area_changed', NO_INSETS),
  web_app_request_fullscreen: (app) => app.fullscreen(true),
  web_app_exit_fullscreen: (app) => app.fullscreen(false),

  web_app_setup_main_button: (app, data) => app.setButton('main', data),
  web_app_setup_secondary_button: (app, data) => app.setButton('secondary', data),
  web_app_setup_back_button: (app, data) => app.setBack(Boolean(data.is_visible)),
  web_app_setup_settings_button: (app, data) => app.setSettings(Boolean(data.is_visible)),
  web_app_setup_closing_behavior: (app, data) => app.setClosing(Boolean(data.need_confirmation)),
  web_app_set_header_color: (app, data) => app.paint('header', colourOf(data)),
  web_app_set_background_color: (app, data) => app.paint('background', colourOf(data)),
  web_app_set_bottom_bar_color: (app, data) => app.paint('foot', colourOf(data)),
  web_app_trigger_haptic_feedback: (app, data) => app.haptic(data),

  web_app_open_link: (app, data) => openLink(app.pane, String(data.url), { ask: false }),
  web_app_open_tg_link: (app, data) => openTelegramPath(app.pane, String(data.path_full)),
  async web_app_open_invoice(app, data) {
    const status = await paySlug(app.pane, String(data.slug));
    app.emit('invoice_closed', { slug: data.slug, status });
  },
  web_app_open_popup: popup,
  async web_app_data_send(app, data) {
    await app.sendData(String(data.data ?? '').slice(0, LONGEST_DATA));
  },

  async web_app_request_phone(app) {
    app.emit('phone_requested', { status: (await app.sharePhone()) ? 'sent' : 'cancelled' });
  },
  async web_app_request_write_access(app) {
    const allowed = await app.pane.dialogs.confirm(t('appWrite', { name: app.name }), { yes: t('allow') });
    app.emit('write_access_requested', { status: allowed ? 'allowed' : 'cancelled' });
  },
  async web_app_read_text_from_clipboard(app, data) {
    // Only Mini Apps in the attachment menu may read it; everybody else gets an empty answer.
    app.emit('clipboard_text_received', { req_id: data.req_id, data: null });
  },
  web_app_invoke_custom_method(app, data) {
    try {
      app.emit('custom_method_invoked', {
        req_id: data.req_id,
        result: app.storage.invoke(data.method, data.params ?? {}),
      });
    } catch (error) {
      app.emit('custom_method_invoked', { req_id: data.req_id, error: error.message });
    }
  },
  web_app_check_home_screen: (app) => app.emit('home_screen_checked', { status: 'unsupported' }),
  web_app_check_location: (app) => app.emit('location_checked', { available: false }),
  web_app_biometry_get_info: (app) => app.emit('biometry_info_received', { available: false }),

  ...storageHandlers('device'),
  ...storageHandlers('secure'),
};

function storageHandlers(kind) {
  const name = `${kind}_storage`;
  return {
    [`web_app_${name}_save_key`](app, data) {
      const kept = app.storage.set(kind, String(data.key), data.value ?? null);
      app.emit(kept ? `${name}_key_saved` : `${name}_failed`, {
        req_id: data.req_id,
        ...(kept ? {} : { error: 'QUOTA_EXCEEDED' }),
      });
    },
    [`web_app_${name}_get_key`]: (app, data) =>
      app.emit(`${name}_key_received`, { req_id: data.req_id, value: app.storage.get(kind, String(data.key)) }),
    [`web_app_${name}_clear`](app, data) {
      app.storage.clear(kind);
      app.emit(`${name}_cleared`, { req_id: data.req_id });
    },
  };
}

const BUTTON_WORDS = { ok: 'ok', close: 'close', cancel: 'cancel' };

async function popup(app, data) {
  const buttons = (
    Array.isArray(data.buttons) && data.buttons.length ? data.buttons : [{ id: '', type: 'close' }]
  ).slice(0, 3);
  const title = String(data.title ?? '');
  const message = String(data.message ?? '');
  const chosen = await app.pane.dialogs.show(
    (close) => [
      title && h('h2', {}, title),
      h('p', { class: 'dialog-text' }, message),
      actions(
        buttons.map((button) => [
          BUTTON_WORDS[button.type] ? t(BUTTON_WORDS[button.type]) : String(button.text ?? ''),
          () => close({ id: button.id ?? '' }),
          button.type === 'destructive'
            ? 'danger'
            : button.type === 'ok' || button.type === 'default' || !button.type
              ? 'primary'
              : '',
        ]),
      ),
    ],
    { label: title || message },
  );
  app.emit('popup_closed', chosen ? { button_id: chosen.id } : {});
}
