export { Button } from './Button';
export { Connection } from './Connection';
export { Dialog } from './Dialog';
export { LanguageSwitch } from './LanguageSwitch';
export { PackageCard, shortTracking } from './PackageCard';
export { PinPad } from './PinPad';
export { neighbour, ShelfMap } from './ShelfMap';
