/* attack: includes itself twice, 200 levels deep: a compiler without an end */
#if __INCLUDE_LEVEL__ < 190
#include __FILE__
#include __FILE__
#endif
