import {
  backButton,
  deviceStorage,
  hapticFeedback,
  init,
  invoice,
  miniApp,
  openLink,
  openTelegramLink,
  retrieveLaunchParams,
  retrieveRawInitData,
  setTargetOrigin,
  shareURL,
  swipeBehavior,
  themeParams,
  viewport,
} from '@tma.js/sdk-react';
import type { Haptic, InvoiceEnd, KeyValueStorage, Platform, PlatformColours } from './platform';
import { botLink, invoiceSlug } from './links';
import { localKeyValue } from './storage';

/** Telegram's web view. Every call is guarded by what this client's version supports (`ifAvailable`). */
export function createTelegramPlatform(client: string | null): Platform {
  // Messages reach only the origin that they name; the SDK names web.telegram.org.
  if (client) setTargetOrigin(client);
  // Styles that a client would inject are refused by our content security policy anyway.
  init({ acceptCustomStyles: false });
  const launch = retrieveLaunchParams();
  themeParams.mount.ifAvailable();
  miniApp.mount.ifAvailable();
  backButton.mount.ifAvailable();
  swipeBehavior.mount.ifAvailable();
  void mountViewport();
  miniApp.ready.ifAvailable();
  // A card that is dragged downwards must not close the app.
  swipeBehavior.disableVertical.ifAvailable();

  const person = launch.tgWebAppData?.user;
  let onBack: (() => void) | null = null;
  backButton.onClick.ifAvailable(() => onBack?.());

  return {
    name: 'telegram',
    account: person ? String(person.id) : 'nobody',
    languageCode: person?.language_code?.slice(0, 2).toLowerCase() ?? null,
    colours: currentColours(),
    hasBackButton: backButton.isSupported(),
    sessionOrder: ['sign-in', 'refresh'],
    storage: deviceStorage.getItem.isAvailable() ? telegramStorage : localKeyValue,
    startParam: launch.tgWebAppStartParam ?? launch.tgWebAppData?.start_param ?? null,
    initData: () => Promise.resolve(retrieveRawInitData() ?? null),
    takeLoginCode: () => null,
    onColours: (listener) => themeParams.state.sub(() => listener(currentColours())),
    setBack(handler) {
      onBack = handler;
      if (handler) backButton.show.ifAvailable();
      else backButton.hide.ifAvailable();
    },
    paint({ header, background }) {
      const rgb = miniApp.setHeaderColor.supports('rgb');
      miniApp.setHeaderColor.ifAvailable(rgb ? header : 'bg_color');
      miniApp.setBgColor.ifAvailable(background);
      miniApp.setBottomBarColor.ifAvailable(background);
    },
    haptic,
    openBot: (username, start) => void openTelegramLink.ifAvailable(botLink(username, start)),
    openInvoice: openTelegramInvoice,
    openPage: (url) => {
      if (!openLink.ifAvailable(url).ok) window.open(url, '_blank', 'noopener');
    },
    share: (url, text) => Promise.resolve(shareURL.ifAvailable(url, text).ok),
  };
}

const ENDS: readonly InvoiceEnd[] = ['paid', 'pending', 'cancelled', 'failed'];

async function openTelegramInvoice(url: string): Promise<InvoiceEnd> {
  const slug = invoiceSlug(url);
  if (!slug) return 'unknown';
  try {
    const opened = invoice.openSlug.ifAvailable(slug);
    if (!opened.ok) {
      // Clients older than 6.1 open the link itself, and never say how it ended.
      openTelegramLink.ifAvailable(url);
      return 'unknown';
    }
    const end = await opened.data;
    return ENDS.find((known) => known === end) ?? 'unknown';
  } catch {
    return 'unknown';
  }
}

async function mountViewport(): Promise<void> {
  try {
    const mounted = viewport.mount.ifAvailable();
    if (mounted.ok) await mounted.data;
    viewport.bindCssVars.ifAvailable();
    viewport.expand.ifAvailable();
  } catch {
    // Some desktop clients never answer the viewport request; env(safe-area-inset-*) serves there.
  }
}

function currentColours(): PlatformColours {
  return {
    background: themeParams.bgColor(),
    surface: themeParams.sectionBgColor() ?? themeParams.secondaryBgColor(),
    text: themeParams.textColor(),
    muted: themeParams.hintColor(),
    danger: themeParams.destructiveTextColor(),
  };
}

function haptic(kind: Haptic): void {
  if (kind === 'select') hapticFeedback.selectionChanged.ifAvailable();
  else if (kind === 'tap') hapticFeedback.impactOccurred.ifAvailable('light');
  else if (kind === 'land') hapticFeedback.impactOccurred.ifAvailable('medium');
  else hapticFeedback.notificationOccurred.ifAvailable(kind);
}

const telegramStorage: KeyValueStorage = {
  // A client that lists the method but fails on it is served by the browser's storage.
  get: (key) => deviceStorage.getItem(key).catch(() => localKeyValue.get(key)),
  set: (key, value) => deviceStorage.setItem(key, value).catch(() => localKeyValue.set(key, value)),
  remove: (key) => deviceStorage.deleteItem(key).catch(() => localKeyValue.remove(key)),
};
