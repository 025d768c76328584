// Activity: who may ask, and the button that ends it.

import { ready } from "./say.js";
import { enableWithdrawing } from "./withdraw.js";

enableWithdrawing();
ready();
