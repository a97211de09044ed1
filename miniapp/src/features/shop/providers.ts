import type { MessageKey } from '@/i18n';

const NAMES: Readonly<Record<string, MessageKey>> = {
  stars: 'provider.stars',
  stripe: 'provider.stripe',
  yookassa: 'provider.yookassa',
  sandbox: 'provider.sandbox',
};

/** How a way to pay is called. */
export const providerKey = (provider: string): MessageKey => NAMES[provider] ?? 'provider.other';
