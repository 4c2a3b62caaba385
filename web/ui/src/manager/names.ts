import { signal } from '@preact/signals';
import { managerApi } from '../lib/api';
import type { Courier } from '../lib/types';
import type { Names } from './sentence';
import { guard } from './state';

const residents = signal<Record<string, string>>({});
export const couriers = signal<Courier[]>([]);
const asked = new Set<string>();

/** What is known of names; reading it follows what arrives later. */
export function names(): Names {
  const r = residents.value;
  const c = couriers.value;
  return { resident: (id) => r[id] ?? '', courier: (id) => c.find((x) => x.id === id)?.name ?? '' };
}

/** Asks for the names of residents that are not known yet. */
export function wantResidents(ids: (string | undefined)[]): void {
  for (const id of new Set(ids)) {
    if (!id || asked.has(id)) continue;
    asked.add(id);
    managerApi.resident(id).then(
      (r) => nameResident(id, `${r.first_name} ${r.last_name}`.trim()),
      () => asked.delete(id),
    );
  }
}

export function nameResident(id: string, name: string): void {
  asked.add(id);
  if (residents.value[id] !== name) residents.value = { ...residents.value, [id]: name };
}

export async function loadCouriers(): Promise<Courier[]> {
  couriers.value = await guard(managerApi.couriers());
  return couriers.value;
}

/** Carriers to choose from: those that deliver here, and the usual ones. */
export function carriers(): string[] {
  return [...new Set([...couriers.value.map((c) => c.carrier), 'UPS', 'USPS', 'FedEx', 'Amazon', 'DHL'])].sort();
}
