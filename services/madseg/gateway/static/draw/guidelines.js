// @ts-check
/** What belongs to a class and what doesn't, as annotators are told. The names are those of VOC. */

export const GENERAL = [
  "Label what you can see: the parts of an object that others hide are not its own.",
  "What is seen through glass, a fence or spokes belongs to what is in front when that covers most of it.",
  "Where two classes meet and you can’t tell within a few pixels, leave void.",
  "An object too small or too dark to name is void, not background.",
  "Reflections, pictures of things and shadows are background, or the thing they lie on.",
];

/** @type {Record<string, string>} */
const TEXTS = {
  background: "Everything that is none of the other classes: sky, ground, buildings, furniture without a class of its own.",
  aeroplane: "Planes and gliders with wheels and propellers. No birds, kites, or models that are toys on a table.",
  bicycle: "Frame, wheels with the spokes between, baskets and bags. Tricycles and unicycles too; no motor.",
  bird: "All birds with legs and tail, in flight or not. A cage or a nest is background.",
  boat: "Hull, mast, sails and rigging that can be told from the sky; no waves, no trailer.",
  bottle: "Glass or plastic with its cap and what is in it. No jars, cans or cups.",
  bus: "Buses and coaches with mirrors and wheels; people seen through the windows are part of it. Minibuses count as cars.",
  car: "Cars, vans and small lorries with mirrors and wheels; who sits inside is part of it.",
  cat: "Domestic cats with whiskers left out and tail put in. Big cats are background.",
  chair: "Chairs, armchairs and stools with their legs and cushions. A place for two or more is a sofa.",
  cow: "Cattle with horns, ears and tail.",
  diningtable: "A table for eating with its legs, and what lies flat on it. Plates, bottles and people are cut out.",
  dog: "Domestic dogs with ears, tail and collar. The leash is background.",
  horse: "Horses, ponies and donkeys with mane and tail. Saddle and reins belong to them, riders don’t.",
  motorbike: "Motorbikes, scooters and mopeds with mirrors and boxes.",
  person: "Head, hair, hands, clothes and what is worn; a bag that is carried on the body too. What a hand holds isn’t.",
  pottedplant: "The plant and its pot. Gaps wider than a leaf are background; garden plants without a pot too.",
  sheep: "Sheep and lambs. Goats are background.",
  sofa: "Seats for two or more with cushions and blankets. Who sits there is cut out.",
  train: "Engines and carriages, trams too. Rails and overhead wires are background.",
  tvmonitor: "Screens with frame and foot, switched on or off. No laptops, no telephones.",
};

/** @param {string} name of a class, with or without spaces */
export function guidelineFor(name) {
  return TEXTS[name.toLowerCase().replace(/[^a-z]/g, "")] ?? `All that can be seen of each ${name}, and nothing of what covers it.`;
}
