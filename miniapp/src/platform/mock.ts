import { emitEvent, mockTelegramEnv } from '@tma.js/sdk-react';

/** Development only (`?mock-telegram`): a Telegram client that answers what the SDK asks at start. */
export async function mockTelegram(slug: string): Promise<void> {
  const response = await fetch('/api/v1/dev/init-data', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ project: slug, user: { id: 99281932, first_name: 'Мария', language_code: 'ru' } }),
  });
  const { init_data: initData } = (await response.json()) as { init_data: string };
  const theme = { bg_color: '#17212b', text_color: '#f5f5f5', hint_color: '#708499', section_bg_color: '#17212b' } as const;
  const noInsets = { left: 0, top: 0, bottom: 0, right: 0 };
  mockTelegramEnv({
    launchParams: new URLSearchParams([
      ['tgWebAppThemeParams', JSON.stringify(theme)],
      ['tgWebAppData', initData],
      ['tgWebAppVersion', '9.1'],
      ['tgWebAppPlatform', 'android'],
    ]),
    onEvent(event) {
      if (event.name === 'web_app_request_theme') emitEvent('theme_changed', { theme_params: theme });
      if (event.name === 'web_app_request_viewport') {
        emitEvent('viewport_changed', {
          height: window.innerHeight,
          width: window.innerWidth,
          is_expanded: true,
          is_state_stable: true,
        });
      }
      if (event.name === 'web_app_request_safe_area') emitEvent('safe_area_changed', noInsets);
      if (event.name === 'web_app_request_content_safe_area') emitEvent('content_safe_area_changed', noInsets);
    },
  });
}
