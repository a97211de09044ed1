/** Readings drawn in this very page: their cards lie face down until they are turned over. */
const fresh = new Set<string>();

export const markFresh = (id: string): void => void fresh.add(id);
export const takeFresh = (id: string): boolean => fresh.has(id);
export const dropFresh = (id: string): void => void fresh.delete(id);
