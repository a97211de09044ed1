import type { PageProject } from '@/app/project';
import type { Platform } from './platform';
import { hasLoginCode } from './links';
import { createWebPlatform } from './web';

export type { Haptic, InvoiceEnd, Platform, PlatformColours } from './platform';

/** Telegram passes its launch parameters in the address; the SDK keeps them for reloads of the same tab. */
function inTelegram(): boolean {
  if (location.hash.includes('tgWebAppPlatform=')) return true;
  try {
    return sessionStorage.getItem('tapps/launchParams') !== null;
  } catch {
    return false;
  }
}

/** The adapter for the place that the page was opened in. The SDK is loaded only inside Telegram. */
export async function createPlatform(project: PageProject): Promise<Platform> {
  if (hasLoginCode(location.hash)) return createWebPlatform(project);
  if (import.meta.env.DEV && new URLSearchParams(location.search).has('mock-telegram')) {
    const { mockTelegram } = await import('./mock');
    await mockTelegram(project.slug);
  } else if (!inTelegram()) {
    return createWebPlatform(project);
  }
  const { createTelegramPlatform } = await import('./telegram');
  try {
    return createTelegramPlatform(project.desk);
  } catch (error) {
    // A client may send launch parameters that this SDK does not know yet: the reading matters more than the extras.
    console.warn(error);
    return createWebPlatform(project, launchInitData());
  }
}

function launchInitData(): string | undefined {
  return new URLSearchParams(location.hash.slice(1)).get('tgWebAppData') ?? undefined;
}
